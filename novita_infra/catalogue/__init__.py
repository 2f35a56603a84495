"""The market: products, clusters, prices and stock as the API lists them."""
