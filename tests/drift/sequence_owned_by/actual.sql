alter sequence s owned by item.id;
