"""The facts that everything else is about: frozen values, no behaviour with side effects, no imports of ours."""
