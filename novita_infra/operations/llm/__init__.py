"""Operations on language models, tasks and the queues of endpoints, without a terminal."""
