"""Products, clusters, stock, prices and bills."""
