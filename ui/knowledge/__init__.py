"""The knowledge manager's room beside the chat: sources, changes, decisions, snapshots, documents, a search test."""
