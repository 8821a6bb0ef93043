create schema side;
