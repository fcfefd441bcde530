"""How traffic comes in: routes of a Gateway, load balancers, protocols."""
