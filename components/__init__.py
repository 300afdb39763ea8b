"""Functions from a view model to Dash components.

They lay out everything a definition can say: names, units, limits, targets, empty places for values. Values never pass
through Dash: assets/live.js writes them into these places. Dash draws a page once and no callback has a part of a wall
as its output, so nothing overwrites what live.js wrote, and a value costs one text node instead of a React render.
"""
