"""Objects that run to completion: uploads before their create, and what is fetched when they are over."""
