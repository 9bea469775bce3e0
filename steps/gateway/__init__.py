"""LLMs behind MLflow's gateway: asking one, the prompts, the traces, and how good the answers are."""
