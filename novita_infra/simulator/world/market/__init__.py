"""Products, clusters, stock, prices and money."""
