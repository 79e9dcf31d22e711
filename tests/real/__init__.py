"""The reference against real servers, which are killed, paused, full, and asked what they have seen."""
