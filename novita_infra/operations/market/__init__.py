"""Commands about the market: what the account can rent, and at what price."""
