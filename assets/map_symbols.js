// Symbols of the map: shape by class, colour + character by level, drawn once for each look and then copied.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const symbols = (ioc.symbols = {});
  const LEVEL = { red: "#FF4D4F", orange: "#FF9F1C", yellow: "#FFE14D", blue: "#4D9BFF" };
  const WORD = { red: ["红", "R"], orange: ["橙", "O"], yellow: ["黄", "Y"], blue: ["蓝", "B"] };
  const DARK = "#08111D", LIGHT = "#E8F1FA", MUTE = "#B9CBDC", PANEL = "#0B1728";
  const NORMAL = "#7FA6C48C"; // 55 %
  const FONT = '"Noto Sans CJK SC","Source Han Sans SC","Microsoft YaHei","PingFang SC",sans-serif';
  symbols.FONT = FONT;
  symbols.LEVEL = LEVEL;

  // Outlines in a box of -1..1; each reads as itself at 14 px.
  const polygon = (...corners) => (g) => { corners.forEach(([x, y], at) => (at ? g.lineTo(x, y) : g.moveTo(x, y))); g.closePath(); };
  const SHAPES = {
    dot: (g) => g.arc(0, 0, 1, 0, 7),
    circle: (g) => g.arc(0, 0, 0.95, 0, 7),
    hexagon: polygon([0, -1.05], [0.92, -0.52], [0.92, 0.52], [0, 1.05], [-0.92, 0.52], [-0.92, -0.52]),
    diamond: polygon([0, -1.18], [1.18, 0], [0, 1.18], [-1.18, 0]),
    plus: polygon([-0.5, -1], [0.5, -1], [0.5, -0.5], [1, -0.5], [1, 0.5], [0.5, 0.5], [0.5, 1], [-0.5, 1], [-0.5, 0.5], [-1, 0.5], [-1, -0.5], [-0.5, -0.5]),
    square: polygon([-0.88, -0.88], [0.88, -0.88], [0.88, 0.88], [-0.88, 0.88]),
    triangle: polygon([0, -1.1], [1.1, 0.85], [-1.1, 0.85]),
    drop: (g) => { g.moveTo(0, -1.2); g.bezierCurveTo(0.5, -0.5, 0.9, 0, 0.9, 0.35); g.arc(0, 0.3, 0.9, 0, Math.PI); g.bezierCurveTo(-0.9, 0, -0.5, -0.5, 0, -1.2); g.closePath(); },
    camera: (g) => { g.rect(-1, -0.55, 1.35, 1.1); g.moveTo(0.4, -0.1); g.lineTo(1.05, -0.5); g.lineTo(1.05, 0.5); g.lineTo(0.4, 0.1); g.closePath(); },
  };
  const INNER = { triangle: 0.3, drop: 0.3, plus: 0 }; // where the middle for a character lies, down from the centre
  const ROOM = { diamond: 0.9, triangle: 0.78, drop: 0.82, plus: 0.8 }; // size of a character against that in a square

  const sprites = new Map();
  symbols.clear = () => sprites.clear();

  // `look`: {shape, level, mark, hollow, solid}; `radius` in device pixels. Returns {image, half}: copy it at x - half.
  symbols.sprite = (look, radius) => {
    const english = ioc.english() ? 1 : 0;
    const key = `${look.shape}|${look.level || ""}|${look.mark || ""}|${look.hollow ? 1 : 0}|${look.solid ? 1 : 0}|${Math.round(radius * 4)}|${english}`;
    const found = sprites.get(key);
    if (found) return found;
    const half = Math.ceil(radius * 1.35) + 2;
    const image = document.createElement("canvas");
    image.width = image.height = 2 * half;
    const g = image.getContext("2d");
    g.translate(half, half);
    draw(g, look, radius, english);
    const made = { image, half };
    sprites.set(key, made);
    return made;
  };

  function draw(g, look, radius, english) {
    const path = new Path2D();
    const unit = new Path2D();
    SHAPES[look.shape in SHAPES ? look.shape : "dot"](unit);
    path.addPath(unit, new DOMMatrix([radius, 0, 0, radius, 0, 0]));
    g.lineJoin = "round";
    if (look.level) {
      g.strokeStyle = DARK; g.lineWidth = Math.max(2, radius * 0.28); g.stroke(path); // a dark ring parts neighbours
      g.fillStyle = LEVEL[look.level]; g.fill(path);
      if (look.hollow) { g.strokeStyle = LIGHT; g.lineWidth = Math.max(1, radius * 0.12); g.stroke(path); }
      character(g, look.shape, WORD[look.level][english], radius, DARK, 700);
      return;
    }
    if (look.shape === "dot" || !look.mark) {
      g.strokeStyle = "#08111D80"; g.lineWidth = 1;
      g.fillStyle = look.hollow ? PANEL : look.solid ? LIGHT : NORMAL; g.fill(path);
      if (look.hollow) { g.strokeStyle = NORMAL; g.lineWidth = Math.max(1, radius * 0.3); g.stroke(path); }
      return;
    }
    g.strokeStyle = DARK; g.lineWidth = Math.max(2, radius * 0.3); g.stroke(path);
    g.fillStyle = look.solid ? LIGHT : PANEL; g.fill(path);
    if (!look.solid) { g.strokeStyle = "#7FA6C4"; g.lineWidth = Math.max(1, radius * 0.12); g.stroke(path); }
    character(g, look.shape, look.mark, radius, look.solid ? DARK : MUTE, look.solid ? 700 : 400);
  }

  function character(g, shape, text, radius, colour, weight) {
    g.font = `${weight} ${radius * 1.16 * (ROOM[shape] || 1)}px ${FONT}`;
    g.textAlign = "center"; g.textBaseline = "middle";
    g.fillStyle = colour;
    g.fillText(text, 0, radius * ((INNER[shape] || 0) + 0.06));
  }

  // The symbol of a class as a legend or switch shows it.
  symbols.paint = (canvas, look) => {
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    const size = canvas.clientWidth || 24;
    canvas.width = canvas.height = Math.round(size * ratio);
    const g = canvas.getContext("2d");
    g.translate(canvas.width / 2, canvas.height / 2);
    if (look.shape === "line" || look.shape === "area") {
      const half = 0.36 * canvas.width;
      g.strokeStyle = look.shape === "line" ? "#8FA9C2" : "#B9CBDC"; g.lineWidth = canvas.width * (look.shape === "line" ? 0.12 : 0.07);
      g.setLineDash(look.shape === "line" ? [] : [half * 0.5, half * 0.35]);
      g.beginPath();
      if (look.shape === "line") { g.moveTo(-half, half * 0.4); g.lineTo(0, -half * 0.3); g.lineTo(half, 0); } else g.rect(-half, -half, 2 * half, 2 * half);
      g.stroke();
      return;
    }
    const small = look.shape === "dot" && !look.level;
    draw(g, look, (small ? 0.2 : 0.36) * canvas.width, ioc.english() ? 1 : 0);
  };

  symbols.of = (layer, kind) => layer.symbols.find((each) => each.value === kind) || layer.symbols.find((each) => each.value === "") || { shape: "dot", mark: "", mark_en: "", zh: layer.zh, en: layer.en, value: "" };
  symbols.mark = (symbol) => (ioc.english() ? symbol.mark_en : symbol.mark) || symbol.mark;
})();
