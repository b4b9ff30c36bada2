"""What would happen, and what did: the product's own code on a clock that is set by hand.

`live` drives the real rooms on a scratch PostgreSQL; `retailer` builds the network it runs on,
`history` cuts a file of orders into days, `people` does what hands do at the nodes, `report` says
how it went. Imports rooms, never `edge`: whoever calls it brings the lines and the sites.
"""
