"""A shop for real server processes: with the app or without it, its services behind proxies."""
