"""A run as a single HTML file that needs no network and no other files.

from keras_search.results import report

pictures = report.draw(run, predict)
text = report.html(run, pictures)

Loads matplotlib and Jinja, so import it only where a report is made.
"""

from keras_search.results.report.page import html
from keras_search.results.report.pictures import Picture, Pictures, draw

__all__ = ["Picture", "Pictures", "draw", "html"]
