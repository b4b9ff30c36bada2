"""What was promised: orders, their lines, changes and holds.

Owns sales_order, order_line, order_hold, order_change and the view order_state.
Hears customer merges. Emits order placed, amended, completed; line cancelled, shipped, unshipped,
returned, backordered; hold placed, released.
Never chooses a node, moves money or knows how far the work on open units is.
"""
