"""The driver protocol: how clients in any language are asked to act. Its page is README.md.

`messages.py` reads what a driver says, `driver.py` holds a driver's process, `lint.py` examines one.
"""
