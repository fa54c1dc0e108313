"""`python -m taxi_qa` is `taxi-qa`."""

from taxi_qa.cli import main

if __name__ == "__main__":
    main()
