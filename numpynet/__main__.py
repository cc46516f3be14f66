"""`python -m numpynet` is the command `numpynet`."""

from numpynet.command_line import main

raise SystemExit(main())
