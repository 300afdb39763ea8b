"""Pages: each registers itself through ioc.web, lays out and forwards callbacks."""
