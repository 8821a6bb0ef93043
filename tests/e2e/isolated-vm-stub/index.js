// Directus imports isolated-vm when its command line starts, and uses it for "Run Script" operations and sandboxed extensions only.
class Unavailable {
  constructor() {
    throw new Error('isolated-vm is a stub in this test: script operations do not run here');
  }
}
module.exports = { Isolate: Unavailable, Reference: Unavailable, ExternalCopy: Unavailable };
module.exports.default = module.exports;
