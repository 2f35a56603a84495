"""The simulated cloud: engine, market, cloud and llm. It does not know HTTP."""
