create collation bytes (locale = 'C');
