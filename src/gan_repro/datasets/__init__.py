"""One file a data set: raw bytes become an ImageSet."""
