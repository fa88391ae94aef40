"""What all pages share: sessions, forms, headers, errors, language and the way a request enters a room."""
