"""From overrides to objects: compose the configuration, build what it names, explain errors."""
