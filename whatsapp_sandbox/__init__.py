"""A local WhatsApp: strict Cloud API emulator and a patient's phone in the browser."""
