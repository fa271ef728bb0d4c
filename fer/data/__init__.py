"""Files on disk -> faces in memory -> parts -> batches."""
