"""The web: server-rendered pages for drivers, fleet managers, inspectors and the desk.

`app.create_app` is the whole of it; a blueprint a concern. Whoever reads a page sees what `store.scope` lets
him see, and nothing else; every view says by `permits.permit` which roles may ask for it.
"""
