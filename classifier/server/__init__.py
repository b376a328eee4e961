"""HTTP over prediction and curation: the model at work, and pages for people."""

from classifier.extras import need

need("serve", "serving over HTTP")
