"""A movie recommender you can see through."""
