"""What the witness's server can do, a file for each family of commands.

`COMMANDS` maps names in capitals to what is known of each; `../command.py` says what that is.
"""

from ..command import Command
from . import channels, client, connection, keys, lists, scripts, server, streams, strings, transactions

_FAMILIES = connection, client, strings, keys, lists, streams, transactions, channels, scripts, server

COMMANDS: dict[bytes, Command] = {
    each.name.upper().encode(): each for family in _FAMILIES for each in family.COMMANDS
}

__all__ = ["COMMANDS"]
