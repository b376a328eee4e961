"""The HTTP server: predictions, and the web pages for predicting and for labelling."""

from classifier.extras import need

need("serve", "serving over HTTP")
