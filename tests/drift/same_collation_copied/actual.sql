create collation bytes from "C";
