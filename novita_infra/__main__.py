"""`python -m novita_infra` is the command `novita-infra`."""

from novita_infra.cli import main

if __name__ == "__main__":
    main()
