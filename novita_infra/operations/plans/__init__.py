"""Operations on plans: make one, refresh what it needs, check it before the first call, save it, open it again."""
