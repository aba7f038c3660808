"""The durable record of what viewers said in the app."""
