"""The command line as ``python -m gan_oversampler``."""

from gan_oversampler.cli import main

if __name__ == "__main__":
    main()
