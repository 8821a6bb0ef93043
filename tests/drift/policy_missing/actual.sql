drop policy seen on item;
