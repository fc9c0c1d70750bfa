"""False alarms in real talk: what to listen to, how often the model is wrong there, and what it learns from that."""
