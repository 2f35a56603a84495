"""Operations on products, prices and stock, and on the account's money."""
