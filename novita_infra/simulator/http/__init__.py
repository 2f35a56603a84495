"""The simulator's HTTP side: it reads requests and sends answers. The world knows no HTTP."""
