"""What `recognition.py` measures."""
