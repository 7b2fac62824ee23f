"""The Graph API: what a business calls."""
