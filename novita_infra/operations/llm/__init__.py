"""Operations on language models, files, batches, tasks and the queues of endpoints, without a terminal."""
