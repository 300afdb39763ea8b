"""What the web server counts about itself, for /metrics."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

REQUESTS = Counter("ioc_web_requests", "Requests answered.", ["route", "status"])
SECONDS = Histogram(
    "ioc_web_request_seconds", "Time to answer.", buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
)
FAILURES = Counter("ioc_web_failures", "Requests that failed inside the server.")
SIGN_INS = Counter("ioc_web_sign_ins", "Sign-ins by way and outcome.", ["way", "outcome"])
REFUSALS = Counter("ioc_web_refusals", "Requests refused by the guard.", ["why"])
API_REQUESTS = Counter("ioc_web_api_requests", "Requests of programs, by token.", ["token", "route", "status"])
API_ROWS = Counter(
    "ioc_web_api_rows", "Rows that programs sent: accepted, or the rule they break.", ["source", "outcome"]
)
TICKETS = Counter("ioc_web_tickets", "Socket tickets issued.")
