"""Predictions -> metrics, intervals, tables, figures and the page of a sweep."""
