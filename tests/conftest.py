"""Being here puts this folder on the import path: tests share the makers in tiny_archives.py."""
