"""History from elsewhere: files of orders and events, read in chunks, resumable, twice is once."""
