"""intake: files of other systems become commands of the rooms.

Reads CSV, JSON lines and Parquet as a stream, translates each row by a pure function, and gives
what it took and what it set aside; no row is dropped. Decides no rule of a room.
"""
