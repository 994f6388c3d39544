"""The services that ship with Roadbed. They never import each other."""
