"""Every error of the settings: whoever obeys it has mended it."""
