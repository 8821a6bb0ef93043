select set_adaptive_chunking('reading', '100MB');
