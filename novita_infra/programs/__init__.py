"""Runs programs of others with bounds. It knows neither why they are run nor what they answer."""
