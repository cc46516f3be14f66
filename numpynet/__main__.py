"""`python -m numpynet` is the command `numpynet`."""

from numpynet.cli.main import main

raise SystemExit(main())
