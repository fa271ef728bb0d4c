"""Faces in pictures and videos, and what they express.

With an exported model nothing here imports torch: NumPy, OpenCV, Pillow and onnxruntime do.
"""
